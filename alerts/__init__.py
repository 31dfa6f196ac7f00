"""From detections to alerts that people read: raised, revised, told, listed."""
