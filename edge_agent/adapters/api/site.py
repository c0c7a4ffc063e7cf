"""The agent itself and its devices."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter

from edge_agent import __version__
from edge_agent.adapters.api import models
from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.problems import documented, not_found
from edge_agent.core.state import State
from edge_agent.core.view import agent_view
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.time import Instant


class SiteState:
    """The endpoints `/v1/agent` and `/v1/devices`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def router(self) -> APIRouter:
        router = APIRouter(tags=["agent"])
        add = router.add_api_route
        add("/agent", self.agent, name="show_agent", response_model=models.AgentShown)
        add("/devices", self.devices, name="list_devices", response_model=list[models.DeviceShown])
        missing = documented(HTTPStatus.NOT_FOUND)
        add(
            "/devices/{device}",
            self.device,
            name="show_device",
            response_model=models.DeviceShown,
            responses=missing,
        )
        return router

    async def agent(self) -> dict[str, Any]:
        """The agent as it stands: what it does, what it refuses, how much is open."""
        return await self._parts.bridge.read(self._agent)

    async def devices(self) -> list[dict[str, Any]]:
        """Every device of the site."""
        device_ids = tuple(self._parts.site.devices)
        return await self._parts.bridge.read(lambda _state, _now: [*map(self._parts.device_view, device_ids)])

    async def device(self, device: DeviceId) -> dict[str, Any]:
        """One device."""
        if device not in self._parts.site.devices:
            raise not_found(f"device {device}")
        return await self._parts.bridge.read(lambda _state, _now: self._parts.device_view(device))

    def _agent(self, state: State, _now: Instant) -> dict[str, Any]:
        site = self._parts.site
        return {
            "site": site.site,
            "gateway": site.gateway,
            "version": __version__,
            "state": "draining" if state.draining else "online",
            "open_tasks": len(state.tasks),
            "open_exceptions": len(state.exceptions),
        } | agent_view(state)
