"""The estimators of counterfactual evaluation."""
