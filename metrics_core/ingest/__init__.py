"""Events in: what senders say becomes events, or a refusal that says why not."""
