"""Analysis: what works on whole tables, on the log or on a store, without a terminal. It prints nothing; verbs and pages ask it."""
