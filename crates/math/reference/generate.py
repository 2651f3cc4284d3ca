"""Computes the reference values that the tests of perennial-math compare with.

    python -m venv venv && venv/bin/pip install mpmath==1.4.1 && venv/bin/python generate.py

writes special.csv and hypergeometric.csv beside this file. mpmath works with 60 digits (more where a formula cancels);
every argument is an exact double, printed so that it reads back as the same double; values are rounded to 25 digits.
A column that a function does not use is empty.
"""

import csv
import math
import pathlib
import random
from functools import partial

from mpmath import mp, mpf

mp.dps = 60
HERE = pathlib.Path(__file__).parent
random.seed(20261122)


def log_uniform(low, high):
    """A double whose logarithm is uniform, rounded to four digits so that the tables can be read."""
    return float(f"{math.exp(random.uniform(math.log(low), math.log(high))):.4g}")


def write(name, rows):
    rows = list(rows)
    with open(HERE / name, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["function", "a", "b", "c", "z", "value"])
        for function, arguments, value in rows:
            cells = [repr(float(x)) for x in arguments] + [""] * (4 - len(arguments))
            out.writerow([function, *cells, mp.nstr(value, 25, min_fixed=-4, max_fixed=6)])


def ln_beta(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def special():
    points = [1e-12, 1e-6, 1e-3, 0.01, 0.1, 0.2426, 0.5, 0.99, 1.0, 1.01, 1.5, 2.0, 2.5, 3.7, 7.7, 9.99, 10.0, 12.3,
              50.0, 123.456, 1e3, 1e4, 1e6, 1e9, 1e15]
    for x in points:
        yield "ln_gamma", [x], mp.loggamma(mpf(x))
        yield "digamma", [x], mp.digamma(mpf(x))
        yield "trigamma", [x], mp.psi(1, mpf(x))
    sizes = [1e-6, 1e-3, 0.2426, 0.7929, 1.0, 2.4259, 9.5, 10.0, 35.5, 1e3, 1e4, 1e8]
    for a in sizes:
        for b in sizes:
            if a <= b:
                yield "ln_beta", [a, b], ln_beta(mpf(a), mpf(b))
    for a in [1e-3, 0.5, 4.0, 9.5, 10.5, 1e3, 1e6]:
        for n in [1e-9, 1e-3, 0.5, 1.0, 7.0, 100.0, 1e4]:
            yield "ln_rising", [a, n], mp.loggamma(mpf(a) + mpf(n)) - mp.loggamma(mpf(a))
    for x in [-38.0, -30.0, -10.0, -5.0, -3.1, -1.96, -1.0, -0.3, -1e-8, 0.0, 1e-8, 0.5, 1.0, 1.2816, 2.5, 5.0, 8.0]:
        yield "normal_cdf", [x], mp.ncdf(mpf(x))
    for p in [1e-300, 1e-100, 1e-20, 1e-10, 1e-4, 0.01, 0.1, 0.25, 0.4, 0.4999, 0.5001, 0.6, 0.9, 0.975, 0.9999, 1 - 1e-12]:
        exact = mpf(p)
        lower_tail = lambda x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2) - mp.log(exact)
        yield "normal_quantile", [p], mp.findroot(lower_tail, (-40, 9), solver="bisect", tol=1e-80, maxsteps=400)
    for x in [-745.0, -100.0, -2.0, -0.7, -0.6931, -0.1, -1e-5, -1e-12]:
        yield "ln_1m_exp", [x], mp.log1p(-mp.exp(mpf(x)))
    for a, b in [(0.0, 0.0), (1000.0, 999.0), (-1e4, -1.00001e4), (5.0, -40.0), (2.0, 1.999999), (-3.0, -700.0)]:
        yield "ln_add_exp", [a, b], mpf(a) + mp.log1p(mp.exp(mpf(b) - mpf(a)))
        if a > b:
            yield "ln_sub_exp", [a, b], mpf(a) + mp.log(-mp.expm1(mpf(b) - mpf(a)))
    yield from incomplete()


def incomplete():
    for a in [1e-3, 0.1, 0.5, 1.0, 2.5, 10.0, 100.0, 1e4, 1e5]:
        for factor in [1e-6, 0.1, 0.5, 0.9, 0.99, 1.0, 1.01, 1.1, 2.0, 5.0]:
            x = a * factor
            with mp.workdps(360):
                lower = lower_gamma(mpf(a), mpf(x))
                upper = 1 - lower
            if lower > mpf(10) ** -300:
                yield "gamma_lower", [a, x], lower
            if upper > mpf(10) ** -300:
                yield "gamma_upper", [a, x], upper
    for a in [1e-3, 0.1, 0.7929, 1.0, 2.4259, 30.0, 1e3, 1e4]:
        for b in [1e-3, 0.1, 1.0, 2.4259, 30.0, 1e4]:
            for x in [1e-6, 0.1, 0.5, a / (a + b), 0.9, 1 - 1e-9]:
                value = regularized_beta(mpf(a), mpf(b), mpf(x))
                if value is not None and value > mpf(10) ** -300:
                    yield "beta_regularized", [a, b, x], value


def lower_gamma(a, x):
    """P(a, x) = x^a e^-x / Gamma(a + 1) 1F1(1; a + 1; x), a series of positive terms."""
    return mp.exp(a * mp.log(x) - x - mp.loggamma(a + 1)) * mp.hyp1f1(1, a + 1, x, maxterms=10**7)


def regularized_beta(a, b, x):
    """I_x(a, b) by the positive series x^a (1-x)^b / (a B(a, b)) 2F1(1, a+b; a+1; x), of the smaller tail."""
    with mp.workdps(80):
        if x > a / (a + b):
            return 1 - tail(b, a, 1 - x)
        return tail(a, b, x)


def tail(a, b, x):
    front = a * mp.log(x) + b * mp.log1p(-x) - ln_beta(a, b)
    return mp.exp(front) / a * mp.hyp2f1(1, a + b, a + 1, x)


ARGUMENTS = [1e-12, 1e-3, 0.1, 0.3, 0.5, 0.75, 0.9, 0.97, 0.99, 0.999, 1 - 1e-6, 1 - 1e-9, 1 - 1e-12, 1 - 1e-15]


def hypergeometric():
    # Pareto/NBD: 2F1(r + s + x, s + 1; r + s + x + 1; z), and r + x for s + 1 where alpha < beta.
    for r, s in [(0.5533, 0.6061), (1e-3, 1e-3), (2.0, 1.0), (0.2, 7.0), (1.5, 80.0), (30.0, 0.01), (3.0, 1e4)]:
        for x in [0.0, 1.0, 26.0, 1000.0, 10000.0]:
            for z in ARGUMENTS:
                if random.random() < 0.45:
                    a = r + s + x
                    b = random.choice([s + 1.0, r + x])
                    yield from ln_hyp2f1(a, b, a + 1.0, z)
    # BG/NBD and MBG/NBD: 2F1(r + x, b + x; a + b + x - 1; z) and 2F1(r + x, b + x + 1; a + b + x; z).
    for r, a, b in [(0.2426, 0.7929, 2.4259), (0.5248, 0.8914, 1.614), (0.01, 0.05, 1.5), (0.1, 1e-3, 1.01),
                    (3.0, 1.0, 2.0), (20.0, 5.0, 0.3), (0.5, 60.0, 90.0), (0.7, 1e4, 1e4), (1e-3, 1.001, 1e-3)]:
        for x in [0.0, 1.0, 26.0, 1000.0, 10000.0]:
            for z in ARGUMENTS:
                if random.random() < 0.35:
                    c = a + b + x - 1.0
                    if c > 0:
                        yield from ln_hyp2f1(r + x, b + x, c, z)
                if random.random() < 0.35:
                    yield "hyp2f1_deficit", [r + x, b + x, a, z], partial(deficit, r + x, b + x, a, z)
    # Anything within the stated domain.
    for _ in range(250):
        a, b = log_uniform(1e-3, 1e4), log_uniform(1e-3, 1e4)
        c = min(a, b) - 1 + log_uniform(1e-3, 1e4)
        z = random.choice(ARGUMENTS + [random.random(), random.random(), random.random()])
        if c > 0:
            yield from ln_hyp2f1(a, b, c, z)
        shape = log_uniform(1e-3, 1e4)
        yield "hyp2f1_deficit", [a, b, shape, z], partial(deficit, a, b, shape, z)


def ln_hyp2f1(a, b, c, z):
    evaluate = partial(mp.hyp2f1, mpf(a), mpf(b), mpf(c), mpf(z), maxterms=10**6)
    yield "ln_hyp2f1", [a, b, c, z], lambda: mp.log(evaluate())


def deficit(a, b, shape, z):
    """c / (c - b) (1 - (1 - z)^a 2F1(a, b; c; z)), c = b + shape - 1; moved off the removable poles by 1e-60."""
    with mp.workdps(200):
        a, b, z = mpf(a), mpf(b), mpf(z)
        shape = mpf(shape) + mpf(10) ** -60
        c = b + shape - 1
        return c / (shape - 1) * (1 - (1 - z) ** a * mp.hyp2f1(a, b, c, z, maxterms=10**6))


def computed(rows):
    """The rows that mpmath can compute with these digits and terms; it gives up on some."""
    for function, arguments, value in rows:
        try:
            yield function, arguments, value()
        except (ValueError, mp.NoConvergence, ZeroDivisionError):
            pass


if __name__ == "__main__":
    write("special.csv", special())
    write("hypergeometric.csv", computed(hypergeometric()))
