"""The notebook's first network: Serial(Embedding, Mean, Dense, LogSoftmax), trained.

It learns which questions of the help-desk sample speak of money, from the words alone.
"""

import numpy as np
import torch

import gemel.layers as tl
from gemel.data import read_pairs
from gemel.samples import HELPDESK
from gemel.text import TOKENS, Tokenizer

MONEY = ("invoice", "pay", "bill", "charge", "refund", "price", "card", "plan")


def main() -> float:
    """Train and give the share of right answers on questions that were held back."""
    torch.manual_seed(0)
    pairs = read_pairs(HELPDESK)
    questions = sorted(set(pairs.texts))
    labels = torch.tensor([any(word in q.lower() for word in MONEY) for q in questions]).long()
    tokenizer = Tokenizer().learn(questions)
    ids = torch.from_numpy(tokenizer.encode_all(questions).pad(np.arange(len(questions))))
    test = torch.arange(len(questions)) % 5 == 0

    model = tl.Serial(
        tl.Embedding(len(tokenizer.vocabulary), 32, padding=TOKENS.padding),
        tl.Mean(axis=1),
        tl.Dense(2),
        tl.LogSoftmax(),
    )
    print(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(200):
        loss = torch.nn.functional.nll_loss(model(ids[~test]), labels[~test])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 49:
            print(f"step {step + 1}: loss {loss.item():.4f}")
    right = (model(ids[test]).argmax(dim=1) == labels[test]).float().mean()
    print(f"right on {int(test.sum())} other questions: {right:.1%}")
    return float(right)


if __name__ == "__main__":
    main()
