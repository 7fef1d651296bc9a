"""Statistics of WebRTC clients: what all readers of them share."""
