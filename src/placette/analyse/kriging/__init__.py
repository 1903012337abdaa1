"""Maps between stations that say how sure they are: variograms, kriging with covariates, cross-validation, limits."""
