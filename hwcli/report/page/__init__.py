"""The report of one or several evaluations as one HTML page that needs nothing else."""

from hwcli.report.page.section import Refused, Section
from hwcli.report.page.write import PAGE, write_page

__all__ = ["PAGE", "Refused", "Section", "write_page"]
