"""The Trax notebook on gemel: only the import lines differ."""

import torch

import gemel.layers as tl
from gemel.siamese_networks import DataGenerator, DataLoader, Siamese, triplet_loss_layer


def main() -> float:
    """Train the notebook's network on the help-desk sample and give the last loss."""
    torch.manual_seed(0)
    loader = DataLoader()
    model = Siamese(vocab_size=len(loader.vocabulary), d_model=64)
    print(model)

    training = tl.Serial(model, triplet_loss_layer(margin=0.25))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    batches = DataGenerator(*loader.data.train, batch_size=64, seed=0)
    for step, (one, two) in zip(range(60), batches, strict=False):
        loss = training(one, two)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 19:
            print(f"step {step + 1}: loss {loss.item():.4f}")
    return float(loss.item())


if __name__ == "__main__":
    main()
