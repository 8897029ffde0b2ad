"""The tool `discover_api` of lightning-enable-mcp, unmodified, reads the manifest of the discovery
example; `suite.py` runs this in the client's own environment, with the example's URL.

The tool refuses addresses of this machine, which is where the example is. Its transport has a
parameter for that, `is_blocked`. The check before the request has none: that function is replaced
here.
"""

import asyncio
import functools
import importlib
import json
import sys

# The package has a function of the module's name, which hides the module from `from … import`.
tool = importlib.import_module("lightning_enable_mcp.tools.discover_api")


async def allowed(url):
    """In the place of `validate_url_allowed`."""


async def main(api):
    tool.validate_url_allowed = allowed
    tool.build_ssrf_safe_async_transport = functools.partial(
        tool.build_ssrf_safe_async_transport, is_blocked=lambda ip: False
    )
    text = await tool.discover_api(url=api)
    print(text)
    found = json.loads(text)
    assert found["success"] and found["source"] == "manifest", found
    assert found["manifest_url"] == api + "/.well-known/l402-manifest.json", found
    assert found["service"]["name"] == "Weather API", found
    assert found["service"]["base_url"] == api, found
    assert found["service"]["categories"] == ["weather"], found
    prices = {
        (endpoint["method"], endpoint["path"]): tool._parse_price_sats(
            endpoint["pricing"].get("base_price_sats")
        )
        for endpoint in found["endpoints"]
    }
    assert prices == {
        ("GET", "/v1/forecast/{city}"): 250,
        ("POST", "/v1/advice"): None,
        ("GET", "/v1/measurements/{day}"): 10,
    }, prices
    assert all(endpoint["l402_enabled"] is True for endpoint in found["endpoints"]), found


asyncio.run(main(sys.argv[1]))
