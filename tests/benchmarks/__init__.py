"""Measurements that run only when asked for; README.md beside this file has their results."""
