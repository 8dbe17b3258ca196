"""What is a text about, and how sure are we: corpus, features, training, evaluation and the shipped model.

The package knows neither the bot nor the rules. It speaks plain strings: an `Item` goes in (title, body, signals), a
`Prediction` comes out. Only the command edge, `python -m classifiers`, may look at `rules`, to score the shipped whole.
"""
