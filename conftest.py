"""Settings for the tests of the core and of all plugins."""

try:
    from hypothesis import settings
except ImportError:  # tests of the parts that need only the standard library run without hypothesis
    pass
else:
    # On a busy machine an example can take any amount of time, so no test has a deadline.
    settings.register_profile("trm", deadline=None)
    settings.load_profile("trm")
