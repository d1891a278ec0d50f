using Roomcast.Rtmp.Amf;

namespace Roomcast.Rtmp.Tests.Amf;

internal static class AmfAssert
{
    public static void Same(AmfValue expected, AmfValue actual)
    {
        Assert.Equal(expected.GetType(), actual.GetType());
        switch (expected)
        {
            case AmfNumber number:
                Assert.Equal(number.Value, ((AmfNumber)actual).Value);
                break;
            case AmfBoolean boolean:
                Assert.Equal(boolean.Value, ((AmfBoolean)actual).Value);
                break;
            case AmfString text:
                Assert.Equal(text.Value, ((AmfString)actual).Value);
                break;
            case AmfDate date:
                Assert.Equal(date.MillisecondsSinceEpoch, ((AmfDate)actual).MillisecondsSinceEpoch);
                break;
            case AmfXml xml:
                Assert.Equal(xml.Text, ((AmfXml)actual).Text);
                break;
            case AmfArray array:
                var items = ((AmfArray)actual).Items;
                Assert.Equal(array.Items.Count, items.Count);
                for (var i = 0; i < items.Count; i++)
                {
                    Same(array.Items[i], items[i]);
                }

                break;
            case AmfObject properties:
                var other = (AmfObject)actual;
                Assert.Equal(properties.ClassName, other.ClassName);
                Assert.Equal(properties.IsEcmaArray, other.IsEcmaArray);
                Assert.Equal(properties.Properties.Select(property => property.Key), other.Properties.Select(property => property.Key));
                for (var i = 0; i < properties.Properties.Count; i++)
                {
                    Same(properties.Properties[i].Value, other.Properties[i].Value);
                }

                break;
            default:
                break;
        }
    }
}
