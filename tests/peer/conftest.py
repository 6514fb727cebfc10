"""What the peer tests share: the tool, and the devices to run it on."""

from __future__ import annotations

import pytest
from support import Tool, cpu_device_reason


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """The tool with the reference executor: plain C, no driver."""
    return Tool("none", tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="session")
def opencl(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """The tool with an OpenCL device (APO_PEER_DEVICE, else the CPU one)."""
    reason = cpu_device_reason()
    if reason:
        pytest.skip(reason)
    return Tool("", tmp_path_factory.mktemp("opencl"))


@pytest.fixture(params=["reference", "opencl"])
def tool(request: pytest.FixtureRequest) -> Tool:
    """Both of the above, one after the other."""
    return request.getfixturevalue(request.param)
