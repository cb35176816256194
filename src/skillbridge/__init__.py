"""SkillBridge: skills to ESCO and ISCO-08, placements under partnership rules, a reason for each.

Start reading at :mod:`skillbridge.pipeline`, the whole flow in one page.
"""

__version__ = "0.1.0"
