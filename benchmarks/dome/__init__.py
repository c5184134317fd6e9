"""The synthetic dome: how fast it is drawn, by which renderer, and what it contributes to training."""
