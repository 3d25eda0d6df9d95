"""Starts Home Assistant's core with its REST interface and its MQTT integration at a broker of this machine.

Usage: start-core.py FOLDER BROKER_PORT HTTP_PORT. Prints one line of JSON: version, token, and the state of the integration. The frontend and
what `homeassistant` starts by default besides are left out: they add a hundred packages and nothing that a unit would meet.
"""

import asyncio
import json
import sys
from datetime import timedelta

from homeassistant import bootstrap, config, config_entries, core, loader, setup
from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.auth.models import TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN
from homeassistant.const import __version__


async def main(folder: str, broker_port: int, http_port: int) -> None:
    hass = core.HomeAssistant(folder)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    place = {"name": "Home", "latitude": 0, "longitude": 0, "elevation": 0}
    await config.async_process_ha_core_config(
        hass,
        place
        | {
            "unit_system": "metric",
            "time_zone": "UTC",
            "auth_providers": [{"type": "homeassistant"}],
        },
    )
    http = {"server_host": "127.0.0.1", "server_port": http_port}
    for domain, settings in (("homeassistant", {}), ("http", http), ("api", {})):
        if not await setup.async_setup_component(hass, domain, {domain: settings}):
            raise SystemExit(f"{domain} was not set up")
    entry = config_entries.ConfigEntry(
        version=1,
        minor_version=1,
        domain="mqtt",
        title="broker",
        source="user",
        data={"broker": "127.0.0.1", "port": broker_port, "discovery": True},
    )
    await hass.config_entries.async_add(entry)
    await hass.async_start()
    user = await hass.auth.async_create_user("test", group_ids=[GROUP_ID_ADMIN])
    refresh = await hass.auth.async_create_refresh_token(
        user,
        client_name="test",
        token_type=TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN,
        access_token_expiration=timedelta(days=1),
    )
    told = {
        "version": __version__,
        "token": hass.auth.async_create_access_token(refresh),
        "mqtt": entry.state.value,
    }
    print(json.dumps(told), flush=True)
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
