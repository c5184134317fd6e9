"""One module for each library that runs an exported file.

Each has a class `Engine`, opened with the file's path and a number of threads (None leaves it to the runtime):

    run(inputs)   answers arrays by name, from arrays by name
    carried       the JSON that the file carries about itself, None where it carries none
    version       the library's name and version

They import nothing of this project, so that `artefact.alone` can run them by themselves. Each library has errors of its
own, some of them plain exceptions.
"""
