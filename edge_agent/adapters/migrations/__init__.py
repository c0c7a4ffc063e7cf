"""The steps that bring an older journal to the present schema. Run when a journal is opened for writing."""
