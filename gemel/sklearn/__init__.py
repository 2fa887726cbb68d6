"""gemel under the names of scikit-learn."""
