"""Throwaway servers, and the acceptance tests that use them as a person would."""
