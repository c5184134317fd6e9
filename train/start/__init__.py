"""Where weights begin: another run, or published weights."""
