"""Published weather, reference evapotranspiration and field water beside what the stream's own operators make of the same inputs."""
