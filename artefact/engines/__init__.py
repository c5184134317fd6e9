"""One module for each library that runs an exported file.

Each has a class `Engine`, opened with the file's path and a number of threads (None leaves it to the runtime):

    run(inputs)   returns the answers by name, for inputs by name
    carried       the JSON description inside the file, None if it has none
    version       the library's name and version

They import nothing of this project, so that `artefact.alone` can run them by themselves. The libraries raise different
exceptions, some of them plain `Exception`.
"""
