{{ dbt_utils.unpivot(ref('sales'), cast_to='varchar', exclude=['sale_id', 'shop'], remove=['url', 'sold_on'], field_name='what', value_name='how_much') }}
