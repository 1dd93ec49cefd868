"""stub for a look"""


def describe_by_rules(palette, width, height, lightness, task, language):
    return "An abstract picture."
