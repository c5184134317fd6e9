"""Training: one loop on Keras `fit`, losses, and one recipe for each model."""

from machine.interrupts import end_quietly_while_importing

end_quietly_while_importing(__name__)
