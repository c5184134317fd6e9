"""How right models are: beside their peers, on unlike people, where nobody is, and what each part of training adds."""
