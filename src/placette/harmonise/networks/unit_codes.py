"""UN/CEFACT common codes, which NGSI writes as ``unitCode``, and their UCUM codes.

Source: UNECE Recommendation 20, revision 17, "Codes for units of measure used in international trade": the codes that
the Smart Data Models for cities use.
"""

from __future__ import annotations

UCUM: dict[str, str] = {
    "C62": "1",
    "P1": "%",
    "59": "[ppm]",
    "61": "[ppb]",
    "CEL": "Cel",
    "KEL": "K",
    "FAH": "[degF]",
    "GQ": "ug/m3",
    "GP": "mg/m3",
    "2N": "dB",
    "LUX": "lx",
    "WTT": "W",
    "KWT": "kW",
    "WHR": "W.h",
    "KWH": "kW.h",
    "VLT": "V",
    "2Z": "mV",
    "AMP": "A",
    "4K": "mA",
    "D46": "V.A",
    "KMT": "km",
    "MTR": "m",
    "CMT": "cm",
    "MMT": "mm",
    "H67": "mm/h",
    "MTS": "m/s",
    "KMH": "km/h",
    "DD": "deg",
    "PAL": "Pa",
    "A97": "hPa",
    "KPA": "kPa",
    "MBR": "mbar",
    "LTR": "L",
    "L2": "L/min",
    "MTQ": "m3",
    "MQH": "m3/h",
    "D54": "W/m2",
    "C26": "ms",
    "SEC": "s",
    "MIN": "min",
    "HUR": "h",
    "DAY": "d",
    "GRM": "g",
    "KGM": "kg",
    "HTZ": "Hz",
    "AD": "By",
    "Q30": "[pH]",
    "G42": "uS/cm",
    "H61": "mS/cm",
}


def ucum(code: str) -> str:
    """Return the UCUM code of a UN/CEFACT code; a code that is not in the table stays as it is.

    So a mapping that uses the value refuses the unit by its name, and one that does not is left in peace.
    """
    return UCUM.get(code, code)
