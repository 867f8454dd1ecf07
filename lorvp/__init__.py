"""Visual prompting of frozen networks: prompts, label mappings, training, tables.

    logits = mapping( network( normalise( fit(image) + content * placement ) ) )

Dimension letters, used as suffixes of tensor names wherever a shape matters:

    B batch   N images   C channels   H, W height, width
    S source classes (what the network was trained on)   K target classes (what we adapt to)
    D features           R regions along one side
    M source classes that stand for one target class

Nothing in this package imports Prefect, DVC or Weights & Biases; it works in a notebook.
"""

__version__ = "0.1.0"
