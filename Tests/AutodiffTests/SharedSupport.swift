// Makes `DerivativeCheck` and the other shared helpers visible in every file of these tests.
@_exported import _TestSupport
