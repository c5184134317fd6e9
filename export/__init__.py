"""From a trained run to an artefact that needs none of our code, checked against the original."""
