"""Trains on a data set of one's own, which needs no plugin. The answer to a row of digits is the row, sorted."""

import sys

import torch
from torch.utils.data import DataLoader, random_split

from trm import TinyRecursiveModel, Trainer, TrainingConfig, TRMConfig
from trm.data import BaseDataset
from trm.utils import get_device, set_seed


class SortedDigits(BaseDataset):
    def __init__(self, count: int) -> None:
        self.rows = torch.randint(0, 3, (count, 5))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.rows[index], self.rows[index].sort().values

    @staticmethod
    def get_vocab_size() -> int:
        return 3

    @staticmethod
    def get_context_length() -> int:
        return 5


set_seed(42)
train, test = random_split(SortedDigits(600), [500, 100])
model_config = TRMConfig(
    vocab_size=SortedDigits.get_vocab_size(),
    hidden_dim=32,
    num_layers=2,
    num_heads=4,
    context_length=SortedDigits.get_context_length(),
    n_recursions=2,
    T_steps=2,
    n_supervision=4,
    use_attention=False,
    mlp_multiple_of=32,
)
training_config = TrainingConfig(
    batch_size=32,
    num_epochs=10,
    learning_rate=3e-3,
    weight_decay=0.1,
    warmup_steps=10,
    grad_clip=1.0,
    n_supervision=4,
    n_supervision_eval=4,
    use_ema=True,
    ema_decay=0.95,
    log_interval=50,
    eval_interval=200,
    save_interval=200,
    output_dir=sys.argv[1],
)
trainer = Trainer(TinyRecursiveModel(model_config), training_config, device=get_device("cpu"))
results = trainer.train(DataLoader(train, batch_size=32, shuffle=True), DataLoader(test, batch_size=32), model_config)
print("cell accuracy", results["final_metrics"]["cell_accuracy"])
print("exact accuracy", results["final_metrics"]["exact_accuracy"])
