"""Learning from examples in the prompt: tasks to practise on, and accuracy by the number of examples."""
