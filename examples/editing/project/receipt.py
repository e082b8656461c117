"""Prints a receipt."""

from prices import gross, total


def receipt(items):
    lines = [f"{name:<12}{gross(net) / 100:>8.2f}" for name, net in items]
    lines.append(f"{'total':<12}{total(net for _, net in items) / 100:>8.2f}")
    return "\n".join(lines)
