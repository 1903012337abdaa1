"""Why a forecast is what it is: the parts that make up its difference from the usual level of the last weeks."""
