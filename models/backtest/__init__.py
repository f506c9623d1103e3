"""Back-tests: a version judged by replay of the plant's own log before it is put in force."""
