import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Kafka Streams on two use cases of the Theodolite benchmark, written anew from its description.
 *
 * <p>Arguments: uc2 or uc4, port of the broker, folder for state, seconds of grace in uc4. Topics, each after the
 * use case and a dash: `input` of samples by
 * sensor; `output` of statistics (uc2); `groups` of the group of each sensor and group, `sums` (uc4). Prints epoch ns and how many records of `input`
 * were consumed, five times a second, until it is told to end.
 */
final class PowerStreams {
  private static final Duration WINDOW = Duration.ofMinutes(1);

  private PowerStreams() {}

  public static void main(String[] arguments) throws Exception {
    StreamsBuilder builder = new StreamsBuilder();
    String prefix = arguments[0] + '-';
    if (arguments[0].equals("uc2")) {
      downsample(builder, prefix);
    } else {
      addUp(builder, prefix, Duration.ofSeconds(Long.parseLong(arguments[3])));
    }
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, prefix + "streams");
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:" + arguments[1]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[2]);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 5000); // as published
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 128L << 20);
    settings.put("auto.offset.reset", "earliest");
    settings.put("max.poll.records", 10_000);
    settings.put("linger.ms", 50);
    settings.put("batch.size", 256 << 10);
    settings.put("buffer.memory", 64 << 20);
    try (KafkaStreams streams = new KafkaStreams(builder.build(), settings)) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
      streams.start();
      while (streams.state() != KafkaStreams.State.ERROR) { // a failed thread ends the process, and the bench with it
        Thread.sleep(200);
        if (streams.state() == KafkaStreams.State.RUNNING) {
          System.out.println(System.currentTimeMillis() * 1_000_000 + " " + consumed(streams.metrics(), prefix + "input"));
        }
      }
    }
    System.exit(1);
  }

  /** UC2: statistics of each sensor and window, sent once, when the window closes. */
  private static void downsample(StreamsBuilder builder, String prefix) {
    builder.stream(prefix + "input", Consumed.with(Serdes.String(), Formats.POWER))
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW))
        .aggregate(
            () -> Formats.Statistics.NONE,
            (sensor, sample, statistics) -> statistics.with(sample.kw()),
            Materialized.with(Serdes.String(), Formats.STATISTICS))
        .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()))
        .toStream()
        .selectKey((window, statistics) -> window.key())
        .to(prefix + "output", Produced.with(Serdes.String(), Formats.STATISTICS));
  }

  /**
   * UC4: for each group and window the sum of its members' last samples. Sums come back as samples of the group, so that
   * groups of groups are added up by the same steps.
   */
  private static void addUp(StreamsBuilder builder, String prefix, Duration grace) {
    KTable<String, String> groups = builder.table(prefix + "groups", Consumed.with(Serdes.String(), Serdes.String()));
    KStream<String, Formats.Power> sensors =
        builder.stream(prefix + "input", Consumed.with(Serdes.String(), Formats.POWER));
    KStream<String, Formats.Power> sums =
        builder.stream(prefix + "sums", Consumed.with(Serdes.String(), Formats.POWER));
    // Without a cache: it would keep the newest sample only, and the last one of a window could be lost to the next window.
    KTable<String, Formats.Power> newest =
        sensors
            .merge(sums)
            .toTable(
                Materialized.<String, Formats.Power, KeyValueStore<Bytes, byte[]>>with(
                        Serdes.String(), Formats.POWER)
                    .withCachingDisabled());
    KTable<Windowed<Formats.Membership>, Formats.Power> last =
        newest
            .join(groups, GroupedSample::new)
            .toStream()
            .map((member, it) -> KeyValue.pair(new Formats.Membership(member, it.group()), it.sample()))
            .groupByKey(Grouped.with(Formats.MEMBERSHIP, Formats.POWER))
            .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW, grace))
            .reduce(
                (before, now) -> now.timestamp() >= before.timestamp() ? now : before,
                Materialized.with(Formats.MEMBERSHIP, Formats.POWER));
    WindowedSerdes.TimeWindowedSerde<String> group =
        new WindowedSerdes.TimeWindowedSerde<>(Serdes.String(), WINDOW.toMillis());
    last.groupBy(
            (member, sample) ->
                KeyValue.pair(new Windowed<>(member.key().group(), member.window()), sample),
            Grouped.with(group, Formats.POWER))
        .aggregate(
            () -> Formats.Sum.NONE,
            (key, sample, sum) -> sum.plus(sample),
            (key, sample, sum) -> sum.minus(sample),
            Materialized.with(group, Formats.SUM))
        .toStream()
        .map((key, sum) -> KeyValue.pair(key.key(), new Formats.Power(sum.timestamp(), sum.kw())))
        .to(prefix + "sums", Produced.with(Serdes.String(), Formats.POWER));
  }

  private record GroupedSample(Formats.Power sample, String group) {}

  /** What the source node of a topic took; the consumer's own count runs ahead of it by what was polled. */
  private static long consumed(Map<MetricName, ? extends Metric> metrics, String topic) {
    double records = 0;
    for (Map.Entry<MetricName, ? extends Metric> entry : metrics.entrySet()) {
      MetricName name = entry.getKey();
      if (name.name().equals("records-consumed-total")
          && name.tags().containsKey("processor-node-id")
          && topic.equals(name.tags().get("topic"))) {
        records += ((Number) entry.getValue().metricValue()).doubleValue();
      }
    }
    return (long) records;
  }
}
