"""How well a calibrated sensor agrees with the reference: the usual scores, and the expanded uncertainty of the law.

Source of the uncertainty: Guide to the demonstration of equivalence of ambient air monitoring methods (EC working
group, 2010), annex B: orthogonal regression of the candidate on the reference, relative expanded uncertainty at the
limit value.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """Agreement of ``n`` pairs; ``rmse``, ``mae`` and ``bias`` in the unit of the reference."""

    n: int
    r2: float
    rmse: float
    mae: float
    bias: float


class Equivalence(msgspec.Struct, frozen=True, kw_only=True):
    """The orthogonal line candidate = intercept + slope · reference, and what remains around it.

    ``residual_variance`` is RSS/(n − 2); ``reference_uncertainty`` the reference's own, standard, in its unit.
    """

    n: int
    slope: float
    intercept: float
    residual_variance: float
    reference_uncertainty: float

    def expanded(self, values: npt.ArrayLike) -> Floats:
        """Return the expanded uncertainty (k = 2) at these reference values, in their unit."""
        x = np.asarray(values, np.float64)
        bias = self.intercept + (self.slope - 1) * x
        variance = self.residual_variance - self.reference_uncertainty**2 + bias**2
        return 2 * np.sqrt(np.maximum(variance, 0))

    def relative(self, limit: float) -> float:
        """Return the relative expanded uncertainty at a limit value, as a fraction of it."""
        return float(self.expanded(limit)) / limit


def score(reference: npt.ArrayLike, candidate: npt.ArrayLike) -> Score:
    """Return how a candidate agrees with the reference where both are there; raises ``ValueError`` below two pairs.

    >>> score([1, 2, 3, 4], [1, 2, 3, 5]).rmse
    0.5
    """
    x, y = _pairs(reference, candidate)
    if len(x) < 2:
        raise ValueError("a score needs two pairs")
    error = y - x
    spread = float(((x - x.mean()) ** 2).sum())
    r2 = 1 - float((error**2).sum()) / spread if spread else float("nan")
    return Score(
        n=len(x),
        r2=r2,
        rmse=float(np.sqrt((error**2).mean())),
        mae=float(np.abs(error).mean()),
        bias=float(error.mean()),
    )


def equivalence(reference: npt.ArrayLike, candidate: npt.ArrayLike, reference_uncertainty: float = 0.0) -> Equivalence:
    """Fit the orthogonal line of a candidate on a reference; raises ``ValueError`` below three pairs or without spread.

    >>> line = equivalence([10, 20, 30, 40], [12, 22, 32, 42])
    >>> round(line.slope, 6), round(line.intercept, 6), round(line.relative(40), 6)
    (1.0, 2.0, 0.1)
    """
    x, y = _pairs(reference, candidate)
    if len(x) < 3:
        raise ValueError("an orthogonal regression needs three pairs")
    sxx, syy, sxy = _moment(x, x), _moment(y, y), _moment(x, y)
    if sxx == 0 or sxy == 0:
        raise ValueError("the reference or the candidate never changes with the other")
    slope = (syy - sxx + float(np.sqrt((syy - sxx) ** 2 + 4 * sxy**2))) / (2 * sxy)
    intercept = float(y.mean() - slope * x.mean())
    residuals = float(((y - intercept - slope * x) ** 2).sum())
    return Equivalence(
        n=len(x),
        slope=slope,
        intercept=intercept,
        residual_variance=residuals / (len(x) - 2),
        reference_uncertainty=reference_uncertainty,
    )


def _moment(a: Floats, b: Floats) -> float:
    return float(((a - a.mean()) * (b - b.mean())).sum())


def _pairs(reference: npt.ArrayLike, candidate: npt.ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(reference, np.float64), np.asarray(candidate, np.float64)
    both = ~(np.isnan(x) | np.isnan(y))
    return x[both], y[both]
