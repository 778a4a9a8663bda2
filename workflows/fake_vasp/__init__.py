"""A program that stands where VASP would: same files in, same files out, toy numbers.

The command ``lnmo-fake-vasp`` rehearses a campaign without a licence. It needs the
standard library only, and nothing imports it: ``main.py`` says what it does.
"""
