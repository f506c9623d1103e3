import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** What the records hold: fixed-width numbers, cheaper to read than the published benchmark's Avro. */
final class Formats {
  private Formats() {}

  /** One sample of a sensor, or the sum of a group. `timestamp`: epoch ms; `kw`: active power. */
  record Power(long timestamp, double kw) {}

  /** What a sensor measures in a round; the same as in `benchmarks/theodolite_model.py`. [kW] */
  static double power(long sensor, long round) {
    return (sensor * 7919 + round * 104_729) % 10_000 / 1000.0;
  }

  /** The statistics of one sensor and window; power in kW. */
  record Statistics(long count, double sum, double min, double max, double squares) {
    static final Statistics NONE =
        new Statistics(0, 0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0);

    Statistics with(double kw) {
      return new Statistics(
          count + 1, sum + kw, Math.min(min, kw), Math.max(max, kw), squares + kw * kw);
    }
  }

  /** The last samples of a group's members, added up. `timestamp`: of the newest, epoch ms. */
  record Sum(long timestamp, long members, double kw) {
    static final Sum NONE = new Sum(0, 0, 0);

    Sum plus(Power member) {
      return new Sum(Math.max(timestamp, member.timestamp()), members + 1, kw + member.kw());
    }

    Sum minus(Power member) {
      return new Sum(timestamp, members - 1, kw - member.kw());
    }
  }

  /** A sensor or group, and the group that it is in. */
  record Membership(String member, String group) {}

  static final Serde<Power> POWER =
      Serdes.serdeFrom(
          (topic, it) ->
              it == null ? null : ByteBuffer.allocate(16).putLong(it.timestamp).putDouble(it.kw).array(),
          (topic, data) -> {
            if (data == null) {
              return null;
            }
            ByteBuffer in = ByteBuffer.wrap(data);
            return new Power(in.getLong(), in.getDouble());
          });

  static final Serde<Statistics> STATISTICS =
      Serdes.serdeFrom(
          (topic, it) ->
              it == null
                  ? null
                  : ByteBuffer.allocate(40)
                      .putLong(it.count)
                      .putDouble(it.sum)
                      .putDouble(it.min)
                      .putDouble(it.max)
                      .putDouble(it.squares)
                      .array(),
          (topic, data) -> {
            if (data == null) {
              return null;
            }
            ByteBuffer in = ByteBuffer.wrap(data);
            return new Statistics(
                in.getLong(), in.getDouble(), in.getDouble(), in.getDouble(), in.getDouble());
          });

  static final Serde<Sum> SUM =
      Serdes.serdeFrom(
          (topic, it) ->
              it == null
                  ? null
                  : ByteBuffer.allocate(24)
                      .putLong(it.timestamp)
                      .putLong(it.members)
                      .putDouble(it.kw)
                      .array(),
          (topic, data) -> {
            if (data == null) {
              return null;
            }
            ByteBuffer in = ByteBuffer.wrap(data);
            return new Sum(in.getLong(), in.getLong(), in.getDouble());
          });

  static final Serde<Membership> MEMBERSHIP =
      Serdes.serdeFrom(
          (topic, it) -> it == null ? null : (it.member + ' ' + it.group).getBytes(),
          (topic, data) -> {
            if (data == null) {
              return null;
            }
            String[] parts = new String(data).split(" ");
            return new Membership(parts[0], parts[1]);
          });
}
