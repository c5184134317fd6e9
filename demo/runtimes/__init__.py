"""One module for each library that runs an artefact, and the choice of the fastest that this machine has."""
