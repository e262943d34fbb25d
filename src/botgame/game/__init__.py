"""The LMS arena: rules as data, a deterministic batched simulation, and what each seat sees of it."""
