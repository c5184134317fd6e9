"""From a trained run to an artefact that needs none of our code, checked against the original."""

from machine.interrupts import end_quietly_while_importing

end_quietly_while_importing(__name__)
