"""Builds a model and reads what a forward pass returns."""

import torch

from trm import TinyRecursiveModel, TRMConfig

config = TRMConfig(
    vocab_size=10,
    hidden_dim=64,
    num_layers=2,
    num_heads=4,
    context_length=16,
    n_recursions=2,
    T_steps=2,
    n_supervision=16,
    use_attention=True,
    mlp_ratio=4.0,
    dropout=0.0,
)
model = TinyRecursiveModel(config)
x = torch.randint(0, 10, (2, 16))
y = torch.randint(0, 10, (2, 16))
outputs = model(x, y, n_supervision=16)
print("loss", float(outputs["loss"]))
print("steps", len(outputs["logits_list"]))
print("prediction", list(model.predict(x, n_supervision=16).shape))
