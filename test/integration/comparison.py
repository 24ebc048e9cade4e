"""What two scans of the same image must agree on, whatever it was read from."""


def essence(bom):
    """Packages of a CycloneDX document, with versions, and the operating system."""
    return sorted((c["type"], c["name"], c.get("version", ""), c.get("purl", "")) for c in bom["components"])
