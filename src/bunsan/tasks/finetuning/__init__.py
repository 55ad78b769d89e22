"""Fine-tuning: one added layer a task, on a model that was trained before."""
