"""What verbs answer: each does a verb's work and makes its report. A verb imports its own when it is called, never for its `--help`."""
