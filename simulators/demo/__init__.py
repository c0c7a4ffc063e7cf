"""The demonstration: broker, simulators, agent and OMS as real processes, watched live, then audited."""
