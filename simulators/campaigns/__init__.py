"""Long runs that try to break the agent, judged by the ledgers of the world and the OMS."""
