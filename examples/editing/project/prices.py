"""Prices of a small shop, in cents."""

VAT_PERCENT = 19


def gross(net):
    return net + net * VAT_PERCENT // 100


def total(nets):
    return sum(gross(net) for net in nets)
