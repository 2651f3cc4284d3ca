"""Fits a model with lifetimes; usage: lifetimes_fit.py bg-nbd|mbg-nbd|pareto-nbd HISTORIES

Prints the CPU seconds of the fit alone, the parameters, and the log-likelihood with all constants in the data's own
time unit (the fitter itself keeps that of scaled time).
"""

import sys
import time
import warnings

import numpy as np
from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter

import histories

FITTERS = {"bg-nbd": BetaGeoFitter, "mbg-nbd": ModifiedBetaGeoFitter, "pareto-nbd": ParetoNBDFitter}


def log_likelihood(fitter, parameters, x, t_x, age):
    ones = np.ones(len(x))
    if isinstance(fitter, ParetoNBDFitter):
        return fitter._conditional_log_likelihood(parameters, x, t_x, age).sum()
    return -len(x) * fitter._negative_log_likelihood(np.log(parameters), x, t_x, age, ones, 0.0)


def main(model, path):
    warnings.simplefilter("ignore")
    x, t_x, age = histories.read(path)
    fitter = FITTERS[model](penalizer_coef=0.0)
    start = time.process_time()
    fitter.fit(x, t_x, age)
    print("cpu", time.process_time() - start)
    for name, value in fitter.params_.items():
        print(name, value)
    print("log_likelihood", log_likelihood(fitter, fitter.params_.to_numpy(), x, t_x, age))


main(*sys.argv[1:3])
