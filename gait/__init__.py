"""Gait: from a walking person's joints in time to events, measures and what they rest on.

It suggests; it does not diagnose.
"""
