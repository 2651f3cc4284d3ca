"""Samples the posterior of the BG/NBD with pymc-marketing; usage: pymc_nuts.py HISTORIES TUNE DRAWS

Prints the CPU seconds of sampling two chains one after the other in this process (a fit of one draw, which compiles the same
functions, is taken off), the least effective sample size over the four parameters, the largest R-hat, and the posterior means.
"""

import sys
import time
import warnings

import arviz
import numpy as np
import pandas as pd
from pymc_marketing.clv import BetaGeoModel

import histories

NAMES = ["r", "alpha", "a", "b"]


def fit(data, tune, draws):
    model = BetaGeoModel(data=data)
    start = time.process_time()
    model.fit(
        method="mcmc", tune=tune, draws=draws, chains=2, cores=1, random_seed=1, progressbar=False,
        compute_convergence_checks=False,
    )
    return model, time.process_time() - start


def main(path, tune, draws):
    warnings.simplefilter("ignore")
    x, t_x, age = histories.read(path)
    data = pd.DataFrame({"customer_id": np.arange(len(x)), "frequency": x.astype(int), "recency": t_x, "T": age})
    _, compiling = fit(data, 1, 1)
    model, whole = fit(data, int(tune), int(draws))
    posterior = model.idata.posterior[NAMES]
    print("cpu", whole - compiling)
    print("compile_cpu", compiling)
    print("ess", min(float(arviz.ess(posterior)[name]) for name in NAMES))
    print("r_hat", max(float(arviz.rhat(posterior)[name]) for name in NAMES))
    for name in NAMES:
        print(name, float(posterior[name].mean()))


main(*sys.argv[1:4])
