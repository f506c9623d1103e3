"""What a stranger's broker sends, found out by reading it with the decoder that ingest uses.

`Survey` takes messages, `findings` says what they were, `plant_file` writes the plant file that would read them so.
"""
