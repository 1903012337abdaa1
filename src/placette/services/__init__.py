"""The city's services, one folder of one shape each: flow, air, noise, lighting and the others."""
